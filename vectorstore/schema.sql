-- library.db: the truth. Spans count code points; a passage's words are the stemmed terms of vectorstore/words.py.

CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);

CREATE TABLE documents (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    source TEXT NOT NULL UNIQUE,
    path BLOB NOT NULL,             -- resolved and absolute: the identity of the file, which may hold many
    part TEXT NOT NULL,             -- how its source goes on after the file's: "", or "#4f1c" of one of many in a file
    file_hash BLOB NOT NULL,        -- SHA-256 of the file's bytes
    title TEXT NOT NULL,
    published TEXT,
    outlet TEXT,
    folded_outlet TEXT,
    author TEXT,
    url TEXT,
    language TEXT,
    text TEXT NOT NULL,             -- the long columns last: what comes after them takes ten times longer to read
    landmarks TEXT NOT NULL,        -- [[kind, label, start, end], …]
    sentences TEXT NOT NULL         -- [[start, end, paragraph, heading], …]
);
-- What lists and filters look at, without the texts: reading these columns from the table is ten times slower.
CREATE INDEX documents_in_brief ON documents (title, source, outlet, folded_outlet, published);
CREATE INDEX documents_by_path ON documents (path);
CREATE INDEX documents_by_day ON documents (published);
CREATE INDEX documents_by_outlet ON documents (folded_outlet);

CREATE TABLE passages (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    document INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
    first_sentence INTEGER NOT NULL,
    after_sentence INTEGER NOT NULL,
    span_start INTEGER NOT NULL,
    span_end INTEGER NOT NULL,
    embedding TEXT NOT NULL         -- the key in embeddings.db: SHA-256 of the text that was embedded
);
CREATE INDEX passages_by_document ON passages (document);
CREATE INDEX passages_by_embedding ON passages (embedding);

-- The terms hold no ASCII but letters, digits and ".", so this tokenizer splits at the spaces and nowhere else.
CREATE VIRTUAL TABLE words USING fts5 (title, body, tokenize = "ascii tokenchars '.'");
CREATE VIRTUAL TABLE vocabulary USING fts5vocab (words, row);

-- What the current generation of the vector index holds: an entry for each embedding, however many passages share it.
CREATE TABLE entries (embedding TEXT PRIMARY KEY) WITHOUT ROWID;

-- Embeddings of the passages that the last run removed: a request in flight may still ask for them.
CREATE TABLE retired (embedding TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TRIGGER retire AFTER DELETE ON passages BEGIN
    DELETE FROM words WHERE rowid = old.number;
    INSERT OR IGNORE INTO retired VALUES (old.embedding);
END;

-- Files that are not in the library, or in an older form; the hash as in documents, NULL if the bytes were not read.
CREATE TABLE skipped (
    path BLOB PRIMARY KEY,
    source TEXT NOT NULL,
    reason TEXT NOT NULL,
    detail TEXT NOT NULL,
    file_hash BLOB
);

-- What each document is a copy of: the leader's words it repeats, its own number if nobody's, NULL until a run ends.
CREATE TABLE copies (
    document INTEGER PRIMARY KEY REFERENCES documents (number) ON DELETE CASCADE,
    leader INTEGER REFERENCES documents (number) ON DELETE SET NULL,
    shingles INTEGER NOT NULL,
    signature BLOB NOT NULL
);
CREATE INDEX copies_by_leader ON copies (leader);
-- The parts of the leaders' signatures.
CREATE TABLE bands (
    band INTEGER NOT NULL,
    document INTEGER NOT NULL REFERENCES documents (number) ON DELETE CASCADE,
    PRIMARY KEY (band, document)
) WITHOUT ROWID;
CREATE INDEX bands_by_document ON bands (document);
