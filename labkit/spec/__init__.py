"""What a person wrote, validated with line and column."""
