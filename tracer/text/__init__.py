"""Text for a screen: line breaks, Markdown, and foreign text made safe to print."""
