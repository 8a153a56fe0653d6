"""A mail server that keeps what it is given, and can be told to misbehave."""
import base64
import socketserver
import ssl
import threading


class MailServer:
    """answers: {"RCPT": "550 no such user"} replaces the answer to a command, "MESSAGE" that to the mail itself;
    None as an answer: the server says nothing more; a function of the rest of the line may decide.
    mails: [(sender, [recipients], text)]. certificate: (certificate, key) files, to offer STARTTLS. password: who logs
    in otherwise is refused; logins: [(user, password, whether it was encrypted)]. implicit: a TLS context, spoken from
    the start."""

    def __init__(self, certificate=None, password=None, implicit=None):
        self.tls = None
        if certificate:
            self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.tls.load_cert_chain(*certificate)
        self.password, self.logins = password, []
        self.mails = []
        self.answers = {}
        self.connections = 0
        mail_server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                mail_server.connections += 1
                try:
                    connection = implicit.wrap_socket(self.request, server_side=True) if implicit else self.request
                    Conversation(mail_server, connection).run()
                except (OSError, StopIteration, ValueError):
                    pass

        socketserver.ThreadingTCPServer.allow_reuse_address = True
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"smtp://127.0.0.1:{self.server.server_address[1]}"
        self.released = threading.Event()
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()


class Conversation:
    def __init__(self, server, connection):
        self.server = server
        self.sender, self.recipients = None, []
        self.use(connection)

    def use(self, connection):
        self.connection = connection
        self.rfile, self.wfile = connection.makefile("rb"), connection.makefile("wb", 0)
        self.is_encrypted = isinstance(connection, ssl.SSLSocket)

    def run(self):
        self.say("CONNECT", "220 mail.example.com")
        while True:
            line = self.rfile.readline()
            if not line:
                return
            word, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            word = word.upper()
            if word == "MAIL":
                self.sender, self.recipients = address(rest), []
                self.say(word, "250 ok", rest)
            elif word == "RCPT":
                if self.say(word, "250 ok", rest).startswith("2"):
                    self.recipients.append(address(rest))
            elif word == "DATA":
                if self.say(word, "354 go on").startswith("3"):
                    self.take_message()
            elif word == "STARTTLS" and self.server.tls and not self.is_encrypted:
                self.say(word, "220 go on")
                self.use(self.server.tls.wrap_socket(self.connection, server_side=True))
            elif word == "AUTH":
                self.log_in(rest)
            elif word == "EHLO":
                self.greet()
            elif word == "QUIT":
                self.say(word, "221 bye")
                return
            else:
                self.say(word, "250 mail.example.com" if word == "HELO" else "502 what?")

    def greet(self):
        lines = ["mail.example.com"]
        if self.server.tls and not self.is_encrypted:
            lines.append("STARTTLS")
        if self.server.password:
            lines.append("AUTH PLAIN")
        lines = [f"250{'-' if line is not lines[-1] else ' '}{line}" for line in lines]
        self.say("EHLO", "\r\n".join(lines))

    def log_in(self, rest):
        """AUTH PLAIN, with the password in the command or on a line of its own."""
        text = rest.partition(" ")[2]
        if not text:
            self.say("AUTH", "334 ")
            text = self.rfile.readline().decode()
        _, user, password = base64.b64decode(text).decode().split("\0")
        self.server.logins.append((user, password, self.is_encrypted))
        self.say("AUTH", "235 welcome" if password == self.server.password else "535 who?")

    def take_message(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        text = b"".join(lines).decode("ascii")
        if self.say("MESSAGE", "250 queued").startswith("2"):
            self.server.mails.append((self.sender, self.recipients, text))

    def say(self, word, answer, rest=""):
        other = self.server.answers.get(word, answer)
        answer = other(rest, answer) if callable(other) else other
        if answer is None:
            self.server.released.wait(120)
            raise StopIteration
        self.wfile.write(answer.encode() + b"\r\n")
        return answer


def address(text):
    return text.partition("<")[2].partition(">")[0]
