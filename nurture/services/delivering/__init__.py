"""Sends what is due: claims a batch, writes each mail down before its DATA, keeps the server's receipt."""

from nurture.services.delivering.batch import deliver_due
from nurture.services.delivering.settling import free_claims, settle_receipts

__all__ = ["deliver_due", "free_claims", "settle_receipts"]
