"""Words of the prompt that may be added, dropped or replaced instead of giving a LoRA more weight."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PromptEdit:
    """`drop` is a tag of a comma-separated prompt, `add` the words in its place; one of them may be empty. study.yaml calls edits
    `levers`."""

    add: str = ""
    drop: str = ""

    @property
    def name(self) -> str:
        """As it is stored with trials."""
        if not self.drop:
            return f"add {self.add}"
        return f"{self.drop} to {self.add}" if self.add else f"drop {self.drop}"

    def apply(self, prompt: str) -> str:
        """The edited prompt: `add` in the place of what is dropped, else at the end. Tags match in any case."""
        tags = [tag.strip() for tag in prompt.split(",") if tag.strip()]
        if not self.drop:
            return ", ".join([*tags, self.add])
        changed = [self.add if tag.lower() == self.drop.strip().lower() else tag for tag in tags]
        return ", ".join(tag for tag in changed if tag)

    def fits(self, prompt: str) -> bool:
        """Whether it changes the prompt at all."""
        return not self.drop or self.drop.strip().lower() in {tag.strip().lower() for tag in prompt.split(",")}
