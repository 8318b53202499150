"""A mail server for tests: prints its port, then every mail that it takes as a line of JSON.

With a user and a password as arguments it takes mail from that user only.
"""

import asyncio
import json
import sys

from aiosmtpd.smtp import SMTP, AuthResult


class Printing:
    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": envelope.content.decode("utf-8"),
            "authenticated": session.authenticated,
        }
        print(json.dumps(mail), flush=True)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody@"):
            return "550 There is no such mailbox"
        if address.startswith("busy@"):
            return f"451 <{address}>: try again later"
        envelope.rcpt_tos.append(address)
        return "250 OK"


async def main():
    known = [text.encode() for text in sys.argv[1:3]]

    def authenticate(server, session, envelope, mechanism, data):
        return AuthResult(success=[data.login, data.password] == known)

    def conversation():
        return SMTP(
            Printing(),
            enable_SMTPUTF8=True,
            authenticator=authenticate,
            auth_required=bool(known),
            auth_require_tls=False,
        )

    server = await asyncio.get_running_loop().create_server(conversation, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main())
