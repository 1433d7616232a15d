"""The names of the jobs and the queue each waits on."""

from typing import Final

NOW: Final = "now"
MAIL: Final = "mail"
WORK: Final = "work"
QUEUES: Final = (NOW, MAIL, WORK)

QUALIFY: Final = "qualify"
REQUALIFY: Final = "requalify"
HAND_OFF: Final = "hand_off"
DELIVER: Final = "deliver"
PLAN: Final = "plan"
ADVANCE: Final = "advance"
SETTLE: Final = "settle"
JUDGE: Final = "judge"
LOCATE: Final = "locate"
JUDGE_AGAIN: Final = "judge_again"

QUEUE_OF: Final = {
    QUALIFY: NOW,
    HAND_OFF: NOW,
    REQUALIFY: WORK,
    DELIVER: MAIL,
    PLAN: WORK,
    ADVANCE: WORK,
    SETTLE: WORK,
    JUDGE: WORK,
    LOCATE: WORK,
    JUDGE_AGAIN: WORK,
}
