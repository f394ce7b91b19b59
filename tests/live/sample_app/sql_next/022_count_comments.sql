-- revision: 022_count_comments
-- down_revision: 021_add_document_shares
-- message: The server counts the comments; a file's application does so itself.
-- only: postgresql

-- upgrade
CREATE FUNCTION count_comment() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    UPDATE documents SET comment_count = comment_count + 1 WHERE id = NEW.document_id;
    RETURN NEW;
END;
$body$;
CREATE TRIGGER count_comment AFTER INSERT ON document_comments
    FOR EACH ROW EXECUTE FUNCTION count_comment();

-- downgrade
DROP TRIGGER count_comment ON document_comments;
DROP FUNCTION count_comment();
