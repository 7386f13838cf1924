"""Traffic of another product or agent harness.

Detects: system prompts of another brand, chat templates of other model families, tool results in
the wording of agent harnesses, replayed trajectories (A16, A17).
Needs: messages.
Look-alikes: B6 agent fleets, B8 gateways, B10 open-source agents: most such traffic is ordinary.
Blind spots: harnesses that use native tool calls leave no wording.
Triage: never alone; look for organic end users whose brand is not the account's.
Source: FIELD.md A16 and A17; templates in public model cards and open-source agents.
"""

from __future__ import annotations

from typing import Final

from stillwatch.sketches._lexicon import ContentSketch, Cue, example

SKETCH: Final = ContentSketch(
    name="foreign_harness",
    tactics=("A16", "A17"),
    look_alikes=("B6", "B8", "B10"),
    groups={
        "agent_role": Cue(
            0.2,
            "you are a coding agent | you are an autonomous agent | you are an ai agent | "
            "interactive cli tool | agentic coding | software engineering agent | "
            "you are a software engineer … tools | 自主代理 | 智能体 | agente autónomo | "
            "автономный агент | وكيل مستقل",
        ),
        "brand": Cue(
            0.4,
            "an ai assistant developed by | an ai assistant created by | "
            "an ai assistant made by | a language model developed by | "
            "a large language model … by | assistant … trained by | "
            "your name is … developed by | 由…开发的 | 研发的大模型 | 人工智能助手…由 | "
            "desarrollado por | разработанный компанией | разработана компанией | طورته شركة",
        ),
        "template": Cue(
            0.5,
            "im start | im end | start header id | end header id | eot id | begin of text | "
            "start of turn | end of turn | [inst] | <s> | fim prefix",
        ),
        "tool_markup": Cue(
            0.35,
            "<tool call> | <tool calls> | <tool response> | <tool result> | "
            "<function calls> | <function call> | <function results> | <invoke> | "
            "<observation> | <tool use> | <parameter> | <arg value>",
        ),
        "react": Cue(
            0.3,
            "action input | observation the | final answer the | thought i need to | "
            "thought i should",
        ),
        "edit_blocks": Cue(
            0.35,
            "search replace | begin patch | end patch | apply patch | str replace | "
            "old string … new string | attempt completion | ask followup question | "
            "write to file",
        ),
        "environment": Cue(
            0.25,
            "<environment details> | <environment context> | <env> | working directory | "
            "git status | operating system version | <system reminder> | <workspace> | "
            "open tabs | visible files",
        ),
        "replay": Cue(
            0.4,
            "previous trajectory | trajectory so far | replay the | resume from step | "
            "continue the trajectory | tool results below | history of actions | "
            "steps so far | 轨迹 | trayectoria | траектори | المسار السابق",
        ),
        "prefill": Cue(
            0.35,
            "continue your previous response | continue the response below | "
            "assistant … begins with | begin your response with | start your reply with | "
            "complete the assistant turn | next assistant message | predict the next action",
        ),
    },
    examples=(
        example(
            "a chat template inside a message",
            "fires",
            user=(
                "<|im_start|>system\nYou are Helper, an AI assistant developed by "
                "Example.<|im_end|>"
            ),
        ),
        example(
            "a replayed trajectory",
            "fires",
            user=(
                "<tool_call>list files</tool_call> <tool_response>a.py</tool_response> "
                "Continue the trajectory from here."
            ),
        ),
        example(
            "a question",
            "benign",
            user="How do I sharpen a kitchen knife?",
        ),
        example(
            "a developer names a folder (B10)",
            "hard_benign",
            user="My working directory is full, how do I find large files?",
        ),
        example(
            "no messages",
            "abstains",
        ),
    ),
)
