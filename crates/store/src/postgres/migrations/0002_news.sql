-- Nodes remember clients and the server's own keys. Whoever changes one, with whatever program, tells them all as it is
-- committed. A client that is added is told to nobody, for that there is none is not remembered.

CREATE FUNCTION tell_nodes() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('gatepass', TG_TABLE_NAME);
    RETURN NULL;
END
$$;

CREATE TRIGGER tell_nodes AFTER UPDATE OR DELETE OR TRUNCATE ON clients
    FOR EACH STATEMENT EXECUTE FUNCTION tell_nodes();

CREATE TRIGGER tell_nodes AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON sealed_keys
    FOR EACH STATEMENT EXECUTE FUNCTION tell_nodes();
