"""What goes over the wire, and nothing else.

    ids, limits, codes     the words of the contract and their bounds
    frames/                what a client may say, and what it may be told
    codec                  frames to bytes and back: JSON and MessagePack
    cursor                 is this seq the next one, an old one, or is there a gap?
    version                the subprotocols and how one is chosen
    bodies                 what goes over HTTP
    schemas                types to JSON Schemas under names for readers
    asyncapi, openapi      the two API documents, made from the types
    javascript/            the frames of the JavaScript SDK, generated from the types
    vectors/               valid and invalid frames, as files for any language

This package imports nothing else of ours: a client needs it and no more.
"""
