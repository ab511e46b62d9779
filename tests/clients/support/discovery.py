"""Checks requests and answers against Google's discovery documents, as google-api-python-client carries them."""

import json
import os
import re
from urllib.parse import parse_qsl, unquote, urlsplit

import googleapiclient

FOLDER = os.path.join(os.path.dirname(googleapiclient.__file__), "discovery_cache", "documents")

# Every method takes these.
COMMON = {
    "access_token", "alt", "callback", "fields", "key", "oauth_token", "prettyPrint", "quotaUser", "userIp",
    "uploadType", "upload_protocol", "$.xgafv",
}

# gspread sends these to Drive, which reads over them; no version of Drive has documented them for the method.
STRAY = {("drive.files.get", "includeItemsFromAllDrives"), ("drive.files.list", "page_token")}


class Api:
    """One API: finds the method of an address, and checks what was sent and answered."""

    def __init__(self, name, version):
        with open(os.path.join(FOLDER, f"{name}.{version}.json"), encoding="utf-8") as file:
            self.document = json.load(file)
        self.methods = list(self._methods(self.document))

    def _methods(self, resource):
        for method in resource.get("methods", {}).values():
            path = "/" + self.document["servicePath"] + method["path"]
            pattern = "".join(
                part if index % 2 == 0 else f"(?P<{part}>[^/]+)"
                for index, part in enumerate(re.split(r"\{\+?(\w+)\}", re.escape(path).replace(r"\{", "{").replace(r"\}", "}")))
            )
            yield method["httpMethod"], re.compile(pattern + "$"), method
        for inner in resource.get("resources", {}).values():
            yield from self._methods(inner)

    def method(self, verb, url):
        """The method that an address stands for. The most exact pattern wins."""
        path = urlsplit(url).path
        found = [
            method for http, pattern, method in self.methods
            if http == verb and (pattern.match(path) or pattern.match(unquote(path)))
        ]
        return max(found, key=lambda method: len(re.sub(r"\{.*?\}", "", method["path"])), default=None)

    def check(self, verb, url, sent, status, answered):
        """The method's name and everything that does not fit the document."""
        method = self.method(verb, url)
        if method is None:
            return None, [f"{verb} {url}: no such method"]
        name, wrong = method["id"], []
        for key, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True):
            if key not in COMMON and key not in method.get("parameters", {}) and (name, key) not in STRAY:
                wrong.append(f"{name}: parameter {key} is not documented")
        if sent is not None and status < 400 and "request" in method:
            # Drive reads over fields that it does not know; Sheets refuses them.
            wrong += self.value(method["request"]["$ref"], sent, f"{name} request", name.startswith("drive."))
        if status >= 400:
            wrong += error(name, status, answered)
        elif "response" in method and answered is not None:
            wrong += self.value(method["response"]["$ref"], answered, f"{name} answer", False)
        return name, wrong

    def value(self, reference, value, at, lenient):
        """What of a value does not fit a type of the document."""
        return self._shape({"$ref": reference}, value, at, lenient)

    def _shape(self, shape, value, at, lenient):
        if value is None:
            return [] if "request" in at else [f"{at}: null"]
        if "$ref" in shape:
            shape = self.document["schemas"][shape["$ref"]]
        kind = shape.get("type")
        if kind == "any":
            return []
        if kind == "object":
            if not isinstance(value, dict):
                return [f"{at}: not an object: {value!r}"]
            if "additionalProperties" in shape and "properties" not in shape:
                inner = shape["additionalProperties"]
                return [wrong for key, item in value.items() for wrong in self._shape(inner, item, f"{at}.{key}", lenient)]
            known, wrong = shape.get("properties", {}), []
            for key, item in value.items():
                if key in known:
                    wrong += self._shape(known[key], item, f"{at}.{key}", lenient)
                elif known and not lenient:
                    wrong.append(f"{at}: unknown field {key}")
            return wrong
        if kind == "array":
            if not isinstance(value, list):
                return [f"{at}: not a list: {value!r}"]
            return [wrong for n, item in enumerate(value) for wrong in self._shape(shape["items"], item, f"{at}[{n}]", lenient)]
        fits = {
            "string": isinstance(value, str),
            "boolean": isinstance(value, bool),
            "integer": isinstance(value, int) and not isinstance(value, bool),
            "number": isinstance(value, (int, float)) and not isinstance(value, bool),
        }[kind]
        if not fits:
            return [f"{at}: {value!r} is no {kind}"]
        if "enum" in shape and value not in shape["enum"]:
            return [f"{at}: {value!r} is not one of {shape['enum']}"]
        if kind == "string" and shape.get("format") in ("int64", "uint64") and not re.fullmatch(r"-?\d+", value):
            return [f"{at}: {value!r} is no number in quotes"]
        return []


def error(name, status, answered):
    """What of an error body is not as Google's APIs send them."""
    if not isinstance(answered, dict) or not isinstance(answered.get("error"), dict):
        return [f"{name}: status {status} without an error body"]
    body = answered["error"]
    wrong = [] if body.get("code") == status else [f"{name}: error code {body.get('code')} in an answer {status}"]
    if not isinstance(body.get("message"), str) or not body["message"]:
        wrong.append(f"{name}: an error without a message")
    if not isinstance(body.get("status"), str) and not isinstance(body.get("errors"), list):
        wrong.append(f"{name}: an error with neither status nor errors")
    return wrong


class Checker:
    """Every exchange of a suite passes here; at the end it says what did not fit."""

    def __init__(self):
        self.apis = {"/v4/": Api("sheets", "v4"), "/drive/v3/": Api("drive", "v3")}
        self.exchanges, self.calls, self.wrong, self.kinds = 0, set(), [], set()

    def note(self, verb, url, sent, status, answered):
        """One exchange; bodies as JSON values, or None."""
        path = urlsplit(url).path
        api = next((api for root, api in self.apis.items() if path.startswith(root)), None)
        if api is None:
            return
        self.exchanges += 1
        name, wrong = api.check(verb, url, sent, status, answered)
        self.wrong += [fault for fault in wrong if fault not in self.wrong]
        if name:
            self.calls.add(name)
        done = isinstance(sent, dict) and status < 400
        for request in sent.get("requests", []) if done else []:
            if isinstance(request, dict):
                self.kinds.update(f"batchUpdate.{kind}" for kind in request)
