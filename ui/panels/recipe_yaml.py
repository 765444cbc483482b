"""The draft as a file: to read, copy, download, upload, and to run without a browser."""

from __future__ import annotations

from functools import partial

import streamlit as st

from engine.errors import N_, RecipeError
from engine.recipe import Recipe
from engine.workspace import Upload
from ui.state import workspace
from ui.text import t
from ui.uploader import uploader

LARGEST = 200_000
"""Bytes; a recipe has about a thousand."""


class RecipeFileInvalid(RecipeError):
    code = "RECIPE_FILE_INVALID"
    message = N_("“{file}” is not a recipe: a text file in UTF-8 of at most {limit} kB is expected.")
    remedy = N_("Upload a file that the button “Download the recipe” made, or compare yours with it.")


def recipe_yaml(project_id: str, recipe: Recipe) -> None:
    """The folded box with the recipe as YAML."""
    box = st.expander(
        t("Recipe as a file"), icon=":material/receipt_long:", key="model_recipe", on_change="rerun"
    )
    if not box.open:
        return
    with box:
        text = workspace().recipes.yaml(recipe)
        st.caption(t("The whole localization in one document: what you set above is in it, and what is in it is set above."))  # fmt: skip
        st.code(text, language="yaml", height=280)
        st.download_button(
            t("Download the recipe"), data=text, file_name="recipe.yaml", mime="application/yaml", key="model_recipe_file",
            icon=":material/download:", on_click="ignore",
        )  # fmt: skip
        st.caption(t("The same without a browser:"))
        st.code(workspace().recipes.command(recipe), language="bash")
        st.caption(t("Load a recipe file; it replaces all settings on this page and the cleaning and split of the prepare page:"))  # fmt: skip
        uploader(
            t("Recipe file"), key="model_recipe_upload", max_bytes=LARGEST, table=False, on_upload=partial(_load, project_id),
        )  # fmt: skip


def _load(project_id: str, files: list[Upload]) -> None:
    uploads, (file, *_) = workspace().uploads, files
    try:
        text = uploads.content(file.id).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise RecipeFileInvalid(file=file.name, limit=LARGEST // 1000) from None
    finally:
        uploads.discard(file.id)
    recipes = workspace().recipes
    recipes.replace(project_id, recipes.read(text))
    st.toast(t("Recipe loaded."), icon=":material/check_circle:")
