"""Prompt patterns in English.

No literal run exceeds four words, so that two strangers who ask different things share no long
run of text; whole shared texts belong to apps and campaigns.
"""

from __future__ import annotations

from typing import Final

CHAT: Final = (
    "Explain {topic} to {group}, {angle}.",
    "How do I {task} {topic} when {clause}?",
    "{hello} what makes {topic} {adj}? {Sentence}",
    "Write {adj} lines about {topic} {prep} {noun}.",
    "Is {topic} worth {number} in {place}?",
    "{name} says {clause}. Is that {adj}?",
    "Plan {small} days in {place} with {topic}, {angle}",
    "Give {small} names for {topic}, {adj} and {adj}",
    "{hello} {task} {topic}: {passage}",
    "Shorten this {noun}: {passage}",
    "Draft {adj} email to {name} about {topic}; {clause}. {Sentence}",
    "Why {adv} does {topic} matter {prep} {noun}s?",
    "{topic} versus {topic} for {group}?",
    "Recipe using {noun} and {adj} {noun}, {angle}",
    "Quiz {name} on {topic}, {small} questions, {angle}",
    "{Sentence} {Sentence} What should {name} do?",
    "Rewrite: {passage}",
    "tell {group} about {topic}",
    "{hello} {name} here. {Sentence} Can you {task} {topic}?",
    "Story where {clause} and {name} {adv} leaves {place}.",
    "Translate {topic} notes into {language}: {passage}",
    "{topic} {angle} please",
)
CODE: Final = (
    "{code}: function that {codetask} {topic} records {codelimit}.",
    "My {code} {noun} throws {Word}Error{number} when {clause}. {Sentence}",
    "Refactor this {code} so it {codetask} {noun}s {codelimit}:\n{snippet}",
    "Why is {snippet}\nslow when {clause}?",
    "{code} or {code} for {topic}, {angle}?",
    "Unit tests for {Word}{Word} that {codetask} {noun}s, {codelimit}\n{snippet}",
    "{hello} regex matching {noun}{number} but not {noun}-{adj}?",
    "SQL: table {noun}s({noun}_id, {adj}, {noun}); {task} rows {prep} {number}",
    "Port to {code} {codelimit}:\n{snippet}",
    "Review {snippet}\n{Sentence}",
)
STUDY: Final = (
    "{name} has {number} {noun}s and gives {small} to {name} every {small} days. When {number}?",
    "A {adj} {noun} moves {number} metres {prep} {small} seconds; {clause}. Find {adj} speed.",
    "Prove that {topic} is {adj} if {clause}.",
    "Compute {number} times {small} over {number}, {angle}.",
    "Which {noun} has probability {small}/{number} if {name} draws {small} {noun}s?",
    "Define {topic}; contrast {topic}; {angle}.",
    "Solve {small}x + {number} = {number} where {clause}.",
    "What drove {topic} in {place} around {year}? {angle}",
    "If {clause} and {clause}, what follows for {topic}?",
    "Estimate {topic} per {noun} in {place}, {angle}.",
    "Balance {adj} {noun} with {small} mol {noun} at {number} K.",
    "Outline {small} causes of {topic}, {angle}",
)
SUPPORT: Final = (
    "My {product} {symptom} after {clause}, order {number}{number}.",
    "{hello} {product} {symptom}. {Sentence}",
    "where is {product} {number}{small}?? {name}",
    "Cancel {product} for {name}, {clause}",
    "Can {name} change {product} to {adj} one in {place}?",
    "The {adj} {product} {symptom} and {clause}. Ref {number}-{number}",
    "refund {product}, {symptom} {adv}",
    "{Sentence} Also {product} {symptom}.",
    "Does {product} plan cover {topic}?",
    "{name} from {place}: {product} {symptom}, {Sentence}",
)
DOCUMENT: Final = (
    "{noun} {number}: {passage}",
    "From {name}, {place}, {year}. {passage}",
    "{passage} {passage}",
    "{Sentence} Total {number}.{small}. {passage}",
    "Subject: {topic}\n{passage}",
)
REASONING: Final = (
    "{study} Show how {name} gets there.",
    "{study} I need the working, {angle}.",
    "{study} Show your reasoning please.",
    "{hello} think it through step by step: {study}",
    "{study} Explain each step {adv}.",
)
MARKS: Final = (
    "correctness {small}, depth {small}, clarity {small}. Total {small}. {Sentence}",
    '{{"correctness": {small}, "depth": {small}, "clarity": {small}, "why": "{clause}"}}',
)
"""What a grader answers."""
