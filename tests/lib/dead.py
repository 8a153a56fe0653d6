"""Dead letters, as a service keeps them in its table."""
from .wait import wait_for


def dead_letters(db, program, queue, count):
    """{message id: reason} of so many dead letters of the queue, or more."""
    def look():
        rows = db.query("SELECT message_id, reason FROM dead_letter WHERE queue = %s", queue, program=program)
        return len(rows) >= count and dict(rows)
    return wait_for(look, what=f"{count} dead letters of {queue}")
