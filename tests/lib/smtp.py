"""A mail server that keeps what it is given, and can be told to misbehave."""
import socketserver
import threading


class MailServer:
    """answers: {"RCPT": "550 no such user"} replaces the answer to a command, "MESSAGE" that to the mail itself;
    None as an answer: the server says nothing more. mails: [(sender, [recipients], text)]."""

    def __init__(self):
        self.mails = []
        self.answers = {}
        self.connections = 0
        mail_server = self

        class Handler(socketserver.StreamRequestHandler):
            def handle(self):
                mail_server.connections += 1
                try:
                    Conversation(mail_server, self.rfile, self.wfile).run()
                except (OSError, StopIteration):
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
    def __init__(self, server, rfile, wfile):
        self.server, self.rfile, self.wfile = server, rfile, wfile
        self.sender, self.recipients = None, []

    def run(self):
        self.say("CONNECT", "220 mail.example.com")
        for line in self.rfile:
            word, _, rest = line.decode("utf-8", "replace").strip().partition(" ")
            word = word.upper()
            if word == "MAIL":
                self.sender, self.recipients = address(rest), []
                self.say(word, "250 ok")
            elif word == "RCPT":
                if self.say(word, "250 ok").startswith("2"):
                    self.recipients.append(address(rest))
            elif word == "DATA":
                if self.say(word, "354 go on").startswith("3"):
                    self.take_message()
            elif word == "QUIT":
                self.say(word, "221 bye")
                return
            else:
                self.say(word, "250 mail.example.com" if word in ("EHLO", "HELO") else "502 what?")

    def take_message(self):
        lines = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line[1:] if line.startswith(b".") else line)
        text = b"".join(lines).decode("ascii")
        if self.say("MESSAGE", "250 queued").startswith("2"):
            self.server.mails.append((self.sender, self.recipients, text))

    def say(self, word, answer):
        answer = self.server.answers.get(word, answer)
        if answer is None:
            self.server.released.wait(120)
            raise StopIteration
        self.wfile.write(answer.encode() + b"\r\n")
        return answer


def address(text):
    return text.partition("<")[2].partition(">")[0]
