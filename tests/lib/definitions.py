"""Workflow definitions for tests."""
import uuid

PATH = "/api/v1/workflows"
ROLES = ("tts", "Reviewer"), ("tts", "Approver")


def step(name, role="Reviewer", start=False, **fields):
    return {"name": name, "role_system": "tts", "role": role, "escalation_system": "tts", "escalation_role": "Admin",
            "weight": 1, "instruction": f"Do {name}.", "is_start": start, **fields}


def go(source, name, target):
    return {"from_step": source, "name": name, "to_step": target, "outcome": None}


def end(source, name, outcome="resolved"):
    return {"from_step": source, "name": name, "to_step": None, "outcome": outcome}


def definition(**fields):
    """A sound one that takes the tickets of a category of its own."""
    tag = uuid.uuid4().hex[:10]
    return {"name": f"Flow {tag}", "description": "For tests.", "department": "IT Department", "category": f"Cat {tag}",
            "sub_category": None, "priority": None,
            "sla": [{"priority": "High", "target_minutes": 60, "breach_minutes": 600},
                    {"priority": "Urgent", "target_minutes": 30, "breach_minutes": 60}],
            "steps": [step("Look", start=True, weight=2.5), step("Check", "Approver")],
            "transitions": [go("Look", "pass", "Check"), end("Look", "refuse", "rejected"), go("Check", "back", "Look"),
                            end("Check", "accept")], **fields}


def url(workflow, *rest):
    return "/".join([PATH, workflow["workflow_id"], *map(str, rest)])


def without_ids(document):
    """What a definition says, of a reply."""
    keep = ("name", "description", "department", "category", "sub_category", "priority")
    return {**{key: document[key] for key in keep}, "sla": document["sla"],
            "steps": [{k: v for k, v in one.items() if k != "step_id"} for one in document["steps"]],
            "transitions": [{k: v for k, v in one.items() if k != "transition_id"} for one in document["transitions"]]}
