"""The matrix widget: geometry, painting and its minimap."""
