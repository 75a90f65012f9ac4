"""Say the next thing without waiting for the answer to the last one, where SSH allows it.

paramiko waits after each request. A server handles a connection's messages in their order, and says
no by closing, so nothing is lost by not waiting, and each answer that is not waited for spares a
round trip: two of about nine from connecting to the answer of a script.

What is used of paramiko here is not public, so it stands in this one module, and the tests of
sessions try it on a real server.
"""

# The stubs for paramiko do not know the class.
# pyright: reportAttributeAccessIssue=false, reportUntypedBaseClass=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

from typing import Any, cast

import paramiko
from paramiko import common


class Transport(paramiko.ServiceRequestingTransport):
    """Asks for the service (RFC 4253, section 10) and goes on to the log-in at once.

    paramiko starts a thread for each connection to end a handshake that takes too long, although
    whoever waits for the handshake has a time limit too (`timeout` of SSHClient.connect). One of
    the two is enough, and a thread is a good part of the cost of a connection.
    """

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - handed on as they are
        """Do as paramiko does, without the thread."""
        super().__init__(*given, **named)
        cast("Any", self).packetizer.start_handshake = _nothing

    def ensure_session(self) -> None:
        """Ask for user authentication, once."""
        own = cast("Any", self)
        if own._service_userauth_accepted or own.auth_handler is not None:
            return
        message = paramiko.Message()
        message.add_byte(common.cMSG_SERVICE_REQUEST)
        message.add_string("ssh-userauth")
        own._send_message(message)
        own.auth_handler = self.get_auth_handler()


def _nothing(timeout: float) -> None:
    """Start no thread; `Packetizer.handshake_timed_out` is false then."""
    del timeout


def execute(channel: paramiko.Channel, command: str) -> None:
    """Ask for a command (RFC 4254, section 6.5); its input may follow at once.

    A server that refuses closes the channel, and then there is no exit status.
    """
    own = cast("Any", channel)
    message = paramiko.Message()
    message.add_byte(common.cMSG_CHANNEL_REQUEST)
    message.add_int(own.remote_chanid)
    message.add_string("exec")
    message.add_boolean(True)
    message.add_string(command)
    own._event_pending()
    own.transport._send_user_message(message)
