"""The driver of PyPI's `cloudflare`: a request for each line of its input, an outcome for each line of its output. sdk.ts describes both."""

import json
import sys

from cloudflare import APIStatusError, Cloudflare
from cloudflare.pagination import SyncCursorLimitPagination, SyncV4PagePaginationArray

PAGES = {"cursor": SyncCursorLimitPagination[object], "number": SyncV4PagePaginationArray[object]}

client = Cloudflare(base_url=sys.argv[1], max_retries=0)


def answer(request):
    asked = client.with_options(api_token=request["token"])
    options = {"params": request.get("query", {})}
    if request["verb"] == "list":
        page = PAGES[request["pages"]]
        return list(asked.get_api_list(request["path"], model=object, page=page, options=options))
    body = {"body": request["body"]} if "body" in request else {}
    return getattr(asked, request["verb"])(request["path"], cast_to=object, options=options, **body)


def outcome(request):
    try:
        return {"answer": answer(request)}
    except APIStatusError as error:
        errors = [refusal.to_dict() for refusal in error.errors]
        return {"error": {"type": type(error).__name__, "status": error.status_code, "errors": errors}}


for line in sys.stdin:
    print(json.dumps(outcome(json.loads(line))), flush=True)
