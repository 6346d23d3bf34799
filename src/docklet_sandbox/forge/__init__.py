"""A GitHub on this machine: the REST routes that docklet uses, and git over HTTP.

`app.forge_app(store.Forge(...))` is the whole of it; `control` sets it up and looks at it.
"""
