"""docklet's tests, in four rungs: unit, contract, acceptance and live."""
