import time, pytest
from core.testing.factories import post
@pytest.fixture
def app(shelf_app): return shelf_app
def test_a(client_as, org, app, work):
    from plugins.shelf.models import Shelf
    with work() as s:
        for i in range(5):
            s.add(Shelf(code=f"C{i}",name=f"n{i}",node_id=org.stores[i].id))
    c=client_as("store_manager")
    for u in ["/admin/shelf/shelf/","/admin/shelf/item/","/admin/shelf/memo/","/admin/shelf/shelf/new/","/admin/shelf/shelf/details/?id=1","/admin/shelf/shelf/edit/?id=1","/shelf/1/","/shelf/2/","/admin/shelf/shelf/export/csv/"]:
        t=time.time()
        r=c.get(u); print(u,r.status_code, len(r.data), round(time.time()-t,4))
def test_b(client_as): test_a
