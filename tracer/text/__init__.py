"""Text for a screen: line breaks, Markdown, and untrusted text made safe to print."""
