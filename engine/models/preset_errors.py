"""Why a foundation model cannot be had, taken over or used: what was expected, what came, what to do."""

from __future__ import annotations

from engine.errors import N_, RecipeError


class PresetMissing(RecipeError):
    code = "PRESET_MISSING"
    message = N_("The foundation model “{name}” is not on this machine.")
    remedy = N_(
        "`python -m engine presets list` shows what is here and what can be had; `make minilm` gets a small English one."
    )


class PresetNoFolder(RecipeError):
    code = "PRESET_NO_FOLDER"
    message = N_("There is no folder “{folder}”, so no foundation model can be taken from it.")
    remedy = N_(
        "Check the path. One that is not absolute counts from the recipe's folder; on the page, from your home folder."
    )


class PresetChanged(RecipeError):
    code = "PRESET_CHANGED"
    message = N_(
        "The recipe means another copy of the foundation model “{name}” than the one on this machine."
    )
    remedy = N_("Import the copy that the recipe was made with, or choose the one that is here.")


class PresetDamaged(RecipeError):
    code = "PRESET_DAMAGED"
    message = N_("The foundation model cannot be read: {file} {problem}.")
    remedy = N_(
        "Get a fresh copy of the folder and bring it again, on the model page or with `python -m engine presets import DIR`."
    )


class PresetUnsafe(RecipeError):
    code = "PRESET_UNSAFE"
    message = N_("The folder holds {file}, a pickle, which can run programs when it is read.")
    remedy = N_(
        "Take a folder with safetensors or Keras weights; if {file} is only beside them, delete it and import again."
    )


class PresetUnknownKind(RecipeError):
    code = "PRESET_UNKNOWN_KIND"
    message = N_(
        "{file} describes a model of the kind “{found}”, which cannot be adapted here. Known: {known}."
    )
    remedy = N_(
        "Choose a model of a known kind; the list on the model page and `python -m engine presets list` name some."
    )


class PresetVocabulary(RecipeError):
    code = "PRESET_VOCABULARY"
    message = N_("The vocabulary in {file} has {found} pieces, but the model was made for {expected}.")
    remedy = N_("Take vocabulary and weights from the same copy of the model.")


class PresetDirection(RecipeError):
    code = "PRESET_DIRECTION"
    message = N_("{file} describes a model of the kind “{found}”; {problem}.")
    remedy = N_(
        "A model that translates is brought with `python -m engine presets import DIR --translates FROM TO`, any other without."
    )


class PresetTooLarge(RecipeError):
    code = "PRESET_TOO_LARGE"
    message = N_("The model has {found} million numbers; at most {cap} million can be served from one file.")
    remedy = N_(
        "Choose a smaller one; the list on the model page and `python -m engine presets list` name some."
    )


class PresetName(RecipeError):
    code = "PRESET_NAME"
    message = N_("“{name}” cannot be the name of a preset: use small letters, digits, dots, - and _.")
    remedy = N_("Give another with --name.")


class HubUnreachable(RecipeError):
    code = "HUB_UNREACHABLE"
    message = N_(
        "The model “{name}” must be fetched from {host}, which cannot be reached from here: {problem}."
    )
    remedy = N_(
        "Connect this machine to the network, or copy the folder here by other means and bring it on the model page or with `python -m engine presets import DIR`."
    )


class HubInterrupted(RecipeError):
    code = "HUB_INTERRUPTED"
    message = N_("The way to {host} broke off before the model “{name}” had come: {problem}.")
    remedy = N_("Try again when the network is back: what has come is kept for a week and gone on with.")


class HubRefuses(RecipeError):
    code = "HUB_REFUSES"
    message = N_("{host} does not hand out the model “{name}”: {problem}.")
    remedy = N_(
        "Check its name. One that wants a login is fetched by other means; its folder is brought on the model page or with `python -m engine presets import DIR`."
    )


class HubUnsafe(RecipeError):
    code = "HUB_UNSAFE"
    message = N_(
        "The model “{name}” on the hub comes without safetensors or Keras weights (it has {found}), and a pickle can run programs when it is read."
    )
    remedy = N_(
        "Choose one that has them, or let somebody who trusts its publisher save it as safetensors, and import that folder."
    )


class PresetUnlisted(RecipeError):
    code = "PRESET_UNLISTED"
    message = N_("There is no foundation model called “{name}” in the catalogue. Known: {known}.")
    remedy = N_(
        "Correct the name, write `hf://OWNER/NAME`, or bring a folder, on the model page or with `python -m engine presets import DIR`."
    )
