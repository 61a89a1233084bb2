"""What a scenario varies, beside lists in fields: axes in one place, side by side, cases, designs, conditions.

All of it comes down to one thing: lists in fields, and groups of such lists that go side by side (:mod:`.groups`).
"""
