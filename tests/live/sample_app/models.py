"""The tables as they are after the last revision. Columns stand in the order in which revisions
added them, so that a database made in one step equals one that was migrated.
"""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import declarative_base

Base = declarative_base()


def created_at():
    return Column("created_at", DateTime, server_default=func.now(), nullable=False)


class User(Base):
    __tablename__ = "users"
    id = Column(Integer, primary_key=True)
    email = Column(String(255), nullable=False, unique=True)
    name = Column(String(100), nullable=False)
    created_at = created_at()


class Document(Base):
    __tablename__ = "documents"
    __table_args__ = (Index("ix_documents_owner_id_created_at", "owner_id", "created_at"),)
    id = Column(Integer, primary_key=True)
    owner_id = Column(ForeignKey("users.id"), nullable=False)
    title = Column(String(255), nullable=False)
    sha256 = Column(String(64), nullable=False, index=True)
    created_at = created_at()
    status = Column(String(20), server_default="new", nullable=False)
    ocr_text = Column(Text)
    ocr_language = Column(String(8))
    ocr_quality = Column(Integer)


document_tags = Table(
    "document_tags",
    Base.metadata,
    Column("document_id", ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("tag_id", ForeignKey("tags.id", ondelete="CASCADE"), primary_key=True),
)


class Tag(Base):
    __tablename__ = "tags"
    id = Column(Integer, primary_key=True)
    name = Column(String(50), nullable=False, unique=True)


class Setting(Base):
    __tablename__ = "settings"
    key = Column(String(100), primary_key=True)
    value = Column(Text, nullable=False)


class ProcessingStep(Base):
    __tablename__ = "processing_steps"
    __table_args__ = (Index("ix_processing_steps_document_id_status", "document_id", "status"),)
    id = Column(Integer, primary_key=True)
    document_id = Column(ForeignKey("documents.id"), nullable=False)
    name = Column(String(50), nullable=False)
    status = Column(String(20), nullable=False)
    started_at = Column(DateTime)
    detail = Column(Text)
    attempts = Column(Integer, server_default=text("0"), nullable=False)


class Webhook(Base):
    __tablename__ = "webhooks"
    id = Column(Integer, primary_key=True)
    url = Column(String(500), nullable=False)
    is_active = Column(Boolean, server_default=text("true"), nullable=False)
    secret = Column(String(100))


class WebhookDelivery(Base):
    __tablename__ = "webhook_deliveries"
    id = Column(Integer, primary_key=True)
    webhook_id = Column(ForeignKey("webhooks.id"), nullable=False)
    step_id = Column(ForeignKey("processing_steps.id"))
    http_status = Column(Integer)


class DocumentComment(Base):
    __tablename__ = "document_comments"
    id = Column(Integer, primary_key=True)
    document_id = Column(ForeignKey("documents.id"), nullable=False, index=True)
    author_id = Column(ForeignKey("users.id"), nullable=False)
    body = Column(Text, nullable=False)
    created_at = created_at()


class UserPreference(Base):
    __tablename__ = "user_preferences"
    user_id = Column(ForeignKey("users.id"), primary_key=True)
    preferences = Column(JSON, nullable=False)


class SavedSearch(Base):
    __tablename__ = "saved_searches"
    __table_args__ = (UniqueConstraint("user_id", "name", name="uq_saved_searches_user_id_name"),)
    id = Column(Integer, primary_key=True)
    user_id = Column(ForeignKey("users.id"), nullable=False)
    name = Column(String(100), nullable=False)
    filters = Column(Text, nullable=False)


class AuditLog(Base):
    __tablename__ = "audit_log"
    id = Column(Integer, primary_key=True)
    actor = Column(String(255), nullable=False)
    action = Column(String(100), nullable=False)
    request_id = Column(String(36), index=True)
    created_at = created_at()


# What the revisions insert, for a database that is made in one step.
DEFAULT_SETTINGS = {"retention_days": "365", "color_scheme": "light", "language": "en"}
