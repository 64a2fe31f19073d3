"""The Google Workspace add-on: Gmail's side panel, on the web and on the phone, asks this service for drafts."""
