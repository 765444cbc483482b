from tests.pages.conftest import *
import time
def test_smoke(open_page, workspace):
    at=open_page(); print(texts(at)); assert not at.exception, at.exception
    at=open_page("settings"); print(texts(at)); assert not at.exception, at.exception
    p=workspace.projects.create("p")
    at=open_page("data"); print(texts(at)); assert not at.exception, at.exception
    v=import_text(workspace,p.id,SMALL)
    for name in ("home","data","prepare"):
        for loc in ("en-US","zh-CN"):
            at=open_page(name,locale=loc); print(name, texts(at)); assert not at.exception, at.exception
            assert not at.error, at.error
            t0=time.time(); at.run(); print(name,"rerun",time.time()-t0)
