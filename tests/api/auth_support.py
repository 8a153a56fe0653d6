"""What the suites of auth-service share."""
import email as email_package
import email.policy
import re
import uuid

from lib.wait import wait_for

ORIGIN = "http://localhost:5173"
PASSWORD = "test123"


def new_email():
    return f"{uuid.uuid4().hex[:10]}@Example.org"


def register(auth, email=None, **more):
    return auth.http.post("/api/v1/auth/register", {"email": email or new_email(), "password": PASSWORD, **more},
                          expect=201).json()


def login(auth, email, password=PASSWORD, **more):
    return auth.http.post("/api/v1/auth/login", {"email": email, "password": password, **more})


class Mail:
    """A mail as a mail program shows it."""

    def __init__(self, text):
        self.raw = text
        message = email_package.message_from_string(text, policy=email_package.policy.default)
        self.to = str(message["To"])
        self.subject = str(message["Subject"])
        self.id = str(message["Message-ID"])
        self.text = message.get_body(("plain",)).get_content()
        self.html = message.get_body(("html",)).get_content()

    def token(self):
        return re.search(r"token=([\w-]+)", self.text).group(1)

    def code(self):
        return re.search(r"^ {4}(\d{6})\s*$", self.text, re.M).group(1)


def mails_of(server, address, subject=""):
    """What the mail server was given for that address, oldest first."""
    return [Mail(text) for _, to, text in list(server.mails) if to == [address] and subject in text]


def wait_mail(server, address, subject, count=1):
    """The newest of at least so many mails."""
    def found():
        mails = [m for m in mails_of(server, address) if m.subject == subject]
        return len(mails) >= count and mails[-1]
    return wait_for(found, 20, f"mail '{subject}' to {address}")


def age(db, table, column, where, seconds, *args):
    """Moves a time of a row into the past."""
    db.query(f"UPDATE {table} SET {column} = {column} - interval '{seconds} s' WHERE {where}", *args,
             program="auth-service")


def actions(db, user_id):
    """What the audit trail says about a person: (action, refused), oldest first."""
    return db.query("SELECT action, refused FROM audit_event WHERE target_type = 'user' AND target_id = %s"
                    " ORDER BY id", str(user_id), program="auth-service")
