"""The contract: every request and every answer against the services' official descriptions.

A description is an OpenAPI 3.0 document that is found at run time and is no part of the project.
Where it says less than is known of the service, or something else, see `deviations`.
"""
