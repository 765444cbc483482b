"""Foundation models that are known by name: what they speak, how large they are, under which licence, where they come from.

Stage 3 (models). Read on the publishers' cards and lists of files on 2026-11-26 (docs/foundation-models.md says which); nothing here
is on this machine by itself, see `engine/models/presets.py`. Only models whose publisher gives safetensors or Keras weights stand
here: what comes as a pickle alone is refused.
"""

from __future__ import annotations

from dataclasses import dataclass

_ENGLISH = "en pcm"
"""Nigerian Pidgin is written with English words."""
_CHINESE = "zh"
_BERT_104 = (
    "af an ar ast az azb ba bar be bg bn bpy br bs ca ce ceb cs cv cy da de el en es et eu fa fi fr fy ga gl gu he hi hr ht hu hy "
    "id io is it ja jv ka kk kn ko ky la lb lmo lt lv mg min mk ml mn mr ms my nds ne new nl nn no oc pa pl pms pnb pt ro ru "
    "scn sco sh sk sl sq sr su sv sw ta te tg th tl tr tt uk ur uz vi vo war yo zh"
)
_XLM_100 = (
    "af am ar as az be bg bn br bs ca cs cy da de el en eo es et eu fa fi fr fy ga gd gl gu ha he hi hr hu hy id is it ja jv ka kk "
    "km kn ko ku ky la lo lt lv mg mk ml mn mr ms my ne nl no om or pa pl ps pt ro ru sa sd si sk sl so sq sr su sv sw ta te "
    "th tl tr ug uk ur uz vi xh yi zh"
)
_AFRO_20 = "af am ar en fr ha ig mg ny om pcm rn rw sn so st sw xh yo zu"
"""XLM-RoBERTa's languages were read before; these are the ones that its adaptation went on with."""


@dataclass(frozen=True)
class Known:
    """One model of the catalogue.

    Args:
        name: as a recipe names it.
        title: as its publisher calls it.
        architecture: one of `engine.models.presets.ENCODERS`.
        spoken: ISO codes of the languages that it has read, apart by spaces.
        parameters: numbers in it.
        megabytes: of its weights, as published.
        licence: of its weights.
        source: its place on the hub.
    """

    name: str
    title: str
    architecture: str
    spoken: str
    parameters: int
    megabytes: int
    licence: str
    source: str

    @property
    def languages(self) -> tuple[str, ...]:
        """The codes one by one."""
        return tuple(self.spoken.split())


CATALOGUE = (
    Known("minilm-l6", "all-MiniLM-L6-v2", "bert", _ENGLISH, 22_700_000, 91, "Apache-2.0", "sentence-transformers/all-MiniLM-L6-v2"),
    Known("bert-base", "BERT base, uncased", "bert", _ENGLISH, 109_500_000, 440, "Apache-2.0", "google-bert/bert-base-uncased"),
    Known("distilbert-base", "DistilBERT base, uncased", "distilbert", _ENGLISH, 66_400_000, 268, "Apache-2.0", "distilbert/distilbert-base-uncased"),
    Known("roberta-base", "RoBERTa base", "roberta", _ENGLISH, 124_600_000, 499, "MIT", "FacebookAI/roberta-base"),
    Known("albert-base", "ALBERT base v2", "albert", _ENGLISH, 11_700_000, 47, "Apache-2.0", "albert/albert-base-v2"),
    Known("deberta-v3-small", "DeBERTa v3 small", "deberta_v3", _ENGLISH, 141_300_000, 565, "MIT", "keras/deberta_v3_small_en"),
    Known("deberta-v3-base", "DeBERTa v3 base", "deberta_v3", _ENGLISH, 183_800_000, 736, "MIT", "keras/deberta_v3_base_en"),
    Known("deberta-v3-large", "DeBERTa v3 large", "deberta_v3", _ENGLISH, 434_000_000, 1740, "MIT", "keras/deberta_v3_large_en"),
    Known("bert-base-zh", "BERT base, Chinese", "bert", _CHINESE, 102_300_000, 412, "Apache-2.0", "google-bert/bert-base-chinese"),
    Known("bge-small-zh", "BGE small v1.5, Chinese", "bert", _CHINESE, 24_000_000, 96, "MIT", "BAAI/bge-small-zh-v1.5"),
    Known("distilbert-multi", "DistilBERT, multilingual", "distilbert", _BERT_104, 134_700_000, 542, "Apache-2.0", "distilbert/distilbert-base-multilingual-cased"),
    Known("bert-multi", "BERT base, multilingual", "bert", _BERT_104, 177_900_000, 714, "Apache-2.0", "google-bert/bert-base-multilingual-cased"),
    Known("e5-small-multi", "E5 small, multilingual", "bert", _XLM_100, 117_700_000, 471, "MIT", "intfloat/multilingual-e5-small"),
    Known("xlm-r-base", "XLM-RoBERTa base", "xlm_roberta", _XLM_100, 277_500_000, 1116, "MIT", "FacebookAI/xlm-roberta-base"),
    Known("mdeberta-v3-base", "mDeBERTa v3 base", "deberta_v3", _XLM_100, 278_200_000, 1113, "MIT", "keras/deberta_v3_base_multi"),
    Known("afro-xlmr-small", "AfroXLMR small", "xlm_roberta", _AFRO_20, 140_000_000, 561, "MIT", "Davlan/afro-xlmr-small"),
    Known("afro-xlmr-base", "AfroXLMR base", "xlm_roberta", _AFRO_20, 277_500_000, 1112, "MIT", "Davlan/afro-xlmr-base"),
)  # fmt: skip


def known(name: str) -> Known | None:
    """The catalogue's entry of that name, or None."""
    return next((entry for entry in CATALOGUE if entry.name == name), None)
