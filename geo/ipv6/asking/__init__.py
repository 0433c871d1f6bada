"""The part that touches the network: DNS questions, HTTP visits, connections to mail servers. Nothing else in ``geo`` does.

Importing it opens nothing; :func:`geo.ipv6.asking.portals.ask_portals` does, when called.
"""
