"""Words of the prompt that may be added, dropped or replaced instead of giving a LoRA more weight."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Lever:
    """`drop` is a tag of a comma-separated prompt, `add` what is said instead; one of them may be empty."""

    add: str = ""
    drop: str = ""

    @property
    def name(self) -> str:
        if not self.drop:
            return f"add {self.add}"
        return f"{self.drop} to {self.add}" if self.add else f"drop {self.drop}"

    def pulled(self, prompt: str) -> str:
        """The prompt with it: in the place of what is dropped, else at its end. Tags match in any case."""
        tags = [tag.strip() for tag in prompt.split(",") if tag.strip()]
        if not self.drop:
            return ", ".join([*tags, self.add])
        changed = [self.add if tag.lower() == self.drop.strip().lower() else tag for tag in tags]
        return ", ".join(tag for tag in changed if tag)

    def fits(self, prompt: str) -> bool:
        """Whether it changes the prompt at all."""
        return not self.drop or self.drop.strip().lower() in {tag.strip().lower() for tag in prompt.split(",")}
