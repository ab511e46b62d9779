"""Where clients think Google is, and how an exchange with it is noted."""

import json

# The first is Sheets'.
HOSTS = ["https://sheets.googleapis.com", "https://www.googleapis.com"]


def sent_json(body):
    """A request's body as JSON, or None where it is none."""
    if not body:
        return None
    try:
        return json.loads(body)
    except ValueError:
        return None


def note(checker, verb, url, sent, status, answered):
    """Hold one exchange to the documents. Answers that are no JSON (exports, an empty 204) are not looked into."""
    checker.note(verb, url, sent, status, sent_json(answered))
