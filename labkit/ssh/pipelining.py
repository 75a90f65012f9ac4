"""Say the next thing without waiting for the answer to the last one, where SSH allows it.

paramiko waits after each request. A server handles a connection's messages in their order, and says
no by closing, so nothing is lost by not waiting, and each answer that is not waited for spares a
round trip: three of about nine from connecting to the answer of a script.

What is used of paramiko here is not public, so it stands in this one module, and the tests of
sessions try it on a real server.
"""

# The stubs for paramiko do not know the classes.
# pyright: reportAttributeAccessIssue=false, reportUntypedBaseClass=false
# pyright: reportUnknownMemberType=false

from __future__ import annotations

import threading
from typing import Any, cast

import paramiko
from paramiko import auth_handler, common

_GCM = ("aes128-gcm@openssh.com", "aes256-gcm@openssh.com")
"""They authenticate what they encrypt; of the others paramiko compares the MAC byte by byte."""


class Transport(paramiko.ServiceRequestingTransport):
    """Asks for the service (RFC 4253, section 10), logs in, and asks for a session, all at once.

    paramiko starts a thread for each connection to end a handshake that takes too long, although
    whoever waits for the handshake has a time limit too (`timeout` of SSHClient.connect). One of
    the two is enough, and a thread is a good part of the cost of a connection.
    """

    _active_check_timeout = 1.0
    """Seconds between two looks whether a silent connection is still wanted.

    Ten looks a second cost much where many machines are waited for. Closing a `Plug` needs none.
    """

    def __init__(self, *given: Any, **named: Any) -> None:  # noqa: ANN401 - handed on as they are
        """Do as paramiko does, without the thread."""
        super().__init__(*given, **named)
        own = cast("Any", self)
        own.packetizer.start_handshake = _nothing
        options = own.get_security_options()
        options.ciphers = (*_GCM, *(name for name in options.ciphers if name not in _GCM))
        self.asked: paramiko.Channel | None = None
        """The session for whoever opens one first."""

    def start_client(
        self, event: threading.Event | None = None, timeout: float | None = None
    ) -> None:
        """Agree on keys; wait for that in one piece."""
        done = event or threading.Event()
        super().start_client(done)
        done.wait(timeout)
        own = cast("Any", self)
        if not own.active:
            raise own.get_exception() or paramiko.SSHException("Negotiation failed.")

    def ensure_session(self) -> None:
        """Ask for user authentication, once."""
        own = cast("Any", self)
        if own._service_userauth_accepted or own.auth_handler is not None:
            return
        message = paramiko.Message()
        message.add_byte(common.cMSG_SERVICE_REQUEST)
        message.add_string("ssh-userauth")
        own._send_message(message)
        own.auth_handler = _LogIn(self)

    def open_session(self, *given: Any, **named: Any) -> paramiko.Channel:  # noqa: ANN401 - the same
        """Return the session that was asked for with the log-in; later ones are asked for now."""
        asked, self.asked = self.asked, None
        return asked or cast("paramiko.Channel", super().open_session(*given, **named))


class _LogIn(auth_handler.AuthOnlyHandler):
    """Asks for a session before it knows whether it may.

    What follows a request to log in that is granted is for the service behind it (RFC 4252, section
    5.1), so one answer brings the other one with it.
    """

    refusal: paramiko.SSHException | None = None

    def wait_for_response(self, event: threading.Event) -> list[str]:
        """Ask for a session and wait for both answers."""
        own = cast("Any", self)
        try:
            own.transport.asked = own.transport.open_session(timeout=own.transport.auth_timeout)
        except paramiko.SSHException as error:
            raise self.refusal or error from None
        event.set()  # paramiko makes it after it has asked, and by then there may be an answer
        return super().wait_for_response(event)

    def _parse_userauth_failure(self, message: paramiko.Message) -> None:
        """End the connection: there is no second key to try, and nobody will open the session."""
        own = cast("Any", self)
        super()._parse_userauth_failure(message)
        found: paramiko.SSHException | None = own.transport.get_exception()
        self.refusal = found or paramiko.AuthenticationException("Authentication failed.")
        raise self.refusal


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
