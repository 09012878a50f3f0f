-- CreateTable
CREATE TABLE "repricings" (
    "id" TEXT NOT NULL,
    "price_id" TEXT NOT NULL,
    "price_version" INTEGER NOT NULL,
    "model" TEXT NOT NULL,
    "from_at" TIMESTAMPTZ(3),
    "to_at" TIMESTAMPTZ(3) NOT NULL,
    "cursor_day" DATE,
    "cursor_id" UUID,
    "corrected_calls" BIGINT NOT NULL DEFAULT 0,
    "skipped_calls" BIGINT NOT NULL DEFAULT 0,
    "before_pico" DECIMAL(38,0) NOT NULL DEFAULT 0,
    "after_pico" DECIMAL(38,0) NOT NULL DEFAULT 0,
    "budget_ids" TEXT[],
    "actor_type" TEXT NOT NULL,
    "actor_id" TEXT,
    "actor_name" TEXT NOT NULL,
    "stop_reason" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "scanned_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "repricings_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "repricings_price_id_created_at_idx" ON "repricings"("price_id", "created_at");

-- By hand: what the schema language cannot say.
-- The repricing that corrected the call last: what the log of a repricing is searched by.
ALTER TABLE calls ADD COLUMN repriced_by text;
CREATE INDEX calls_repriced_idx ON calls (repriced_by, day, id) WHERE repriced_by IS NOT NULL;
-- What is not finished is looked for all the time, and there is hardly ever one.
CREATE INDEX repricings_open_idx ON repricings (created_at) WHERE finished_at IS NULL;
