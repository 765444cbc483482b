"""Short lists of function words by language, written for Bentu; no negations, no words of degree.

Stage 2 (prepare). Only words that carry grammar alone. Each list is lower case and in Unicode form C.
"""

from __future__ import annotations

_EN = """
a an the this that these those and or of to in on at by for from with as into onto upon about between through during
is am are was were be been being do does did have has had having will would shall should can could may might must
i me my mine myself you your yours yourself he him his himself she her hers herself it its itself we us our ours ourselves
they them their theirs themselves who whom whose which what there here then than also
"""
_ZH = """
的 了 和 是 在 我 你 您 他 她 它 我们 你们 他们 她们 它们 咱们 这 那 这个 那个 这些 那些 这里 那里 一个 也 都 就 而 及 与 或 或者 以及 着 过 地 得
之 其 此 于 把 被 让 从 到 对 对于 关于 为 为了 以 由 向 并 并且 因为 所以 如果 虽然 吗 呢 吧 啊 呀 嘛 哦 嗯 有 会 要 能 可以 自己 什么 怎么 哪里 谁
"""
_HA = """
da na ta ya sun mun kun an ni ke ki shi ita mu ku su wannan wancan wadannan waɗannan wadancan waɗancan ga ne ce a cikin kan kuma ko amma
don domin daga zuwa wanda wadda wanda waɗanda wadanda yana tana suna muna kuna ina kana zai za zan zata zasu nan can shine ita mai masu wani wata wasu har idan
"""
_YO = """
ni ti sí si fún fun àti ati náà naa yìí yii yẹn yen wọn won ó o a mo mi rẹ re wa yín yin ní kan pẹ̀lú pelu láti lati bí bi tí sì jẹ́ je ń máa maa
gbogbo èyí eyi àwọn awon inú inu orí ori nínú ninu lórí lori
"""
_SW = """
na ya wa za la cha vya kwa ni katika hii hiyo huyu huyo hao hawa hizo hizi hilo hili kama au lakini pia kwamba ili yake wake
wangu yangu yako wako yetu wetu yao wao yeye mimi wewe sisi ninyi ambaye ambao ambayo bado tu huko hapa pale kuwa kwenye
"""
_AM = """
እና ነው ናቸው ነበር ነበሩ ላይ ውስጥ ወደ ከ በ ለ የ ይህ ያ ይህን ይሄ እነዚህ እነዚያ እሱ እሷ እነሱ እኔ አንተ አንቺ እናንተ እኛ ስለ እንደ ግን ወይም ደግሞ ጋር ሆኖ
"""

LISTS: dict[str, frozenset[str]] = {
    "en": frozenset(_EN.split()), "zh": frozenset(_ZH.split()), "ha": frozenset(_HA.split()),
    "yo": frozenset(_YO.split()), "sw": frozenset(_SW.split()), "am": frozenset(_AM.split()),
}  # fmt: skip

LONGEST = max(len(word) for words in LISTS.values() for word in words)
