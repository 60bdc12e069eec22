# The rules of sf-v1, written from their description and not from qualify's code. With the argument "only": score and tier alone, else the lead with them.
import json
import re
import sys

TITLES = [
    (re.compile(r"\b(?:ceo|cto|cfo|coo|cmo|cio|ciso|cro|chief|founder|cofounder)\b", re.I), 30),
    (re.compile(r"\b(?:vp|svp|evp|vice president|vice-president)\b", re.I), 25),
    (re.compile(r"\b(?:director|head of)\b", re.I), 20),
    (re.compile(r"\b(?:manager|team lead)\b", re.I), 15),
]
INDUSTRIES = [(re.compile("tech|saas|software", re.I), 20), (re.compile("financ", re.I), 15)]


def number(value):
    if isinstance(value, str):
        return int(value) if value.isdigit() else 0
    return value or 0


def first_points(patterns, text, otherwise):
    for pattern, points in patterns:
        if pattern.search(text):
            return points
    return otherwise


def score(lead):
    contact = lead["contact"]["properties"]
    get = contact.get
    facts = lead.get("enrichment", {}).get("facts", {})

    def either(field, fact):
        return get(field) or facts.get(fact, {}).get("value")

    points = 0
    title = either("jobtitle", "title")
    if title:
        points += first_points(TITLES, title, 0)
    size = number(get("numberofemployees") if get("numberofemployees") not in (None, "") else facts.get("company_size", {}).get("value"))
    points += 25 if size >= 1000 else 20 if size >= 100 else 15 if size >= 1 else 0
    industry = either("industry", "industry")
    if industry:
        points += first_points(INDUSTRIES, industry, 10)
    points += 10 * bool(get("email")) + 5 * bool(get("phone")) + 5 * bool(either("hs_linkedin_url", "linkedin"))
    points += 10 * (number(get("hs_analytics_num_visits")) > 0) + 5 * (number(get("hs_email_open")) > 0)
    return points


def main():
    only = sys.argv[1:] == ["only"]
    write = sys.stdout.write
    for line in sys.stdin:
        lead = json.loads(line)
        points = score(lead)
        verdict = {"score": points, "tier": "HOT" if points >= 80 else "WARM" if points >= 50 else "COLD"}
        if only:
            out = verdict
        else:
            lead["qualification"] = verdict
            out = lead
        write(json.dumps(out, separators=(",", ":"), ensure_ascii=False) + "\n")


main()
