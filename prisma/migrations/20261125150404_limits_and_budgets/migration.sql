-- CreateTable
CREATE TABLE "limits" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "scope_type" TEXT NOT NULL,
    "scope_id" TEXT,
    "scope_each" BOOLEAN NOT NULL DEFAULT false,
    "team_id" TEXT,
    "metric" TEXT NOT NULL,
    "amount" DECIMAL(38,0) NOT NULL,
    "window_seconds" INTEGER,
    "count_cached_input" BOOLEAN NOT NULL DEFAULT true,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "limits_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "budgets" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "scope_type" TEXT NOT NULL,
    "scope_id" TEXT,
    "scope_each" BOOLEAN NOT NULL DEFAULT false,
    "team_id" TEXT,
    "amount_pico" DECIMAL(38,0) NOT NULL,
    "period" TEXT NOT NULL,
    "enforcement" TEXT NOT NULL,
    "on_exhausted" TEXT NOT NULL,
    "on_unbounded" TEXT NOT NULL,
    "reservation" TEXT NOT NULL,
    "hold_wait_ms" INTEGER NOT NULL,
    "alert_at" DOUBLE PRECISION[],
    "override_pico" DECIMAL(38,0),
    "override_until" TIMESTAMPTZ(3),
    "override_reason" TEXT,
    "enabled" BOOLEAN NOT NULL DEFAULT true,
    "version" INTEGER NOT NULL DEFAULT 1,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "budgets_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "limits_scope_type_scope_id_idx" ON "limits"("scope_type", "scope_id");

-- CreateIndex
CREATE INDEX "budgets_scope_type_scope_id_idx" ON "budgets"("scope_type", "scope_id");
