"""The wire protocol, and nothing else.

    ids, limits, codes     identifiers, their bounds, error and close codes
    frames/                requests, replies and events, one file per capability
    codec                  frames to bytes and back, in JSON and MessagePack
    cursor                 whether a seq is the next one, an old one or beyond a gap
    version                the subprotocols and their negotiation
    bodies                 HTTP request and response bodies
    schemas                JSON Schemas of the types, under readable names
    asyncapi, openapi      the two API documents, generated from the types
    javascript/            the frames of the JavaScript SDK, generated from the types
    vectors/               valid and invalid frames, as files for any language

No other package of the project is imported: a client needs this one alone.
"""
