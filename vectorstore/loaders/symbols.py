"""The signs of fonts that hold pictures instead of letters, as the characters they look like."""

# Source: https://www.unicode.org/L2/L2011/11052r-wingding.pdf, and what Word writes for the bullets of its lists.
SYMBOLS = {"\uf0b7": "•", "\uf0a7": "▪", "\uf0d8": "‣", "\uf076": "❖", "\uf0fc": "✓", "\uf0e0": "→", "\ue00c": "•"}
