"""A server with nothing but two fields for files, and the studio's routes and door."""

from __future__ import annotations

import streamlit as st

from engine.api import studio_routes
from engine.api.door import studio_middleware
from ui.options import allowed_hosts

app = st.App("field_page.py", routes=studio_routes, middleware=studio_middleware(allowed_hosts))
