"""What can stand in the way of sharing a model, said to its owner."""

from __future__ import annotations

from engine.errors import N_, RecipeError
from engine.services.scored import RunNotFinished


class RunUnpublishable(RunNotFinished):
    code = "RUN_UNPUBLISHABLE"
    message = N_("The run “{name}” has no model, so it cannot be shared.")
    remedy = N_("Choose a run that has finished.")


class ParityTooLow(RecipeError):
    code = "PARITY_TOO_LOW"
    message = N_(
        "The packaged model of “{name}” gives the trained model's answer on {agreement} of {rows} rows; {required} are required."
    )
    remedy = N_(
        "Train the run again, or choose another one. To share it all the same, write down why; visitors of the demo will read your reason."
    )


class DemoInvalid(RecipeError):
    code = "DEMO_INVALID"
    message = "{problem}"
    remedy = N_("Correct it and save again; nothing was changed.")


class DemoRevoked(RecipeError):
    code = "DEMO_REVOKED"
    message = N_("The demo “{title}” was revoked, so it can no longer be changed.")
    remedy = N_("Share the run again to make a new demo with a new link.")


class DemoChanged(RecipeError):
    code = "DEMO_CHANGED"
    message = N_("The demo “{title}” was changed meanwhile: {what}. Your change was not made.")
    remedy = N_("Look at how it stands now, and decide again.")


class NoFormerVersion(RecipeError):
    code = "NO_FORMER_VERSION"
    message = N_("The demo “{title}” has no former model to go back to.")
    remedy = N_("Promote another run, or switch the demo off.")


class AlreadyServing(RecipeError):
    code = "ALREADY_SERVING"
    message = N_("The run “{name}” is the model of this demo already.")
    remedy = N_("There is nothing to do.")


class ComparisonMissing(RecipeError):
    code = "COMPARISON_MISSING"
    message = N_("The run “{candidate}” was not compared with the demo's model “{current}” yet.")
    remedy = N_("Compare the two on the same rows first.")
