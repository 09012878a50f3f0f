-- CreateTable
CREATE TABLE "key_uses" (
    "key_id" TEXT NOT NULL,
    "last_used_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "key_uses_pkey" PRIMARY KEY ("key_id")
);

-- AddForeignKey
ALTER TABLE "key_uses" ADD CONSTRAINT "key_uses_key_id_fkey" FOREIGN KEY ("key_id") REFERENCES "api_keys"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- By hand: room on each page for the updates of its rows, and what is known already.
ALTER TABLE "key_uses" SET (fillfactor = 70);
INSERT INTO "key_uses" SELECT "id", "last_used_at" FROM "api_keys" WHERE "last_used_at" IS NOT NULL;
