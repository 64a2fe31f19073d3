"""From words to the bytes of a draft, and from a draft to the instruction in it. Pure; nothing here can send."""
