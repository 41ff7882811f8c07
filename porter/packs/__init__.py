"""Rule packs: YAML in, validated rules out."""
