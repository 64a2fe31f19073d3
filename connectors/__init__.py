"""Everything that talks to another system, mailboxes and the model server, and the records all floors share."""
