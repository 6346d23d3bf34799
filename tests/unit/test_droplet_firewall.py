"""What iptables is told about private networks."""

from __future__ import annotations

from docklet.droplet.firewall import PRIVATE, rules


def test_names_are_looked_up_all_the_same() -> None:
    """The machine's own name servers answer on their port, before their network is closed."""
    lines = rules(PRIVATE, ["10.0.0.2"]).splitlines()
    assert lines[:2] == ["*raw", ":DOCKLET - [0:0]"]
    assert lines[2:4] == [
        "-A DOCKLET -d 10.0.0.2 -p udp --dport 53 -j ACCEPT",
        "-A DOCKLET -d 10.0.0.2 -p tcp --dport 53 -j ACCEPT",
    ]
    assert {line.split()[3] for line in lines[4:-1]} == {
        *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "169.254.0.0/16")
    }
    assert all(line.endswith("-j DROP") for line in lines[4:-1])
    assert lines[-1] == "COMMIT"
