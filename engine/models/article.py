"""What "the article" is, for a person who meets it in the name of a family; `docs/article.md` goes through its sections.

Stage 3 (models).
"""

from __future__ import annotations

from engine.errors import N_

ABOUT = (
    N_("“The article” is 人工智能大模型应用的本土化挑战, on the challenges of localizing big AI models. Bentu follows its six steps, from preparing data to feedback."),
    N_("Its case (section 4.3): 10,000 texts, 6,000 of one label and 4,000 of the other, and a network with two hidden layers of 100 neurons, ReLU, softmax and a learning rate that shrinks. The case network is this network; the Chinese sample has these counts."),
    N_("Its listing (section 5.2) is kept line by line, and repaired beside it. As printed it takes word numbers for quantities, and the “accuracy 0.85” that it prints is the share of texts called positive: it never looks at a label."),
    N_("Where the article errs, Bentu does not follow: the gradient at the output is prediction minus label, and the test part stays sealed until the choice is made."),
)  # fmt: skip
