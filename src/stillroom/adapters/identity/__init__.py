"""An organisation's identity provider, which says who somebody is: OpenID Connect, with an authorization code and PKCE."""
