package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5"
)

// migrate makes the schema's one table. Its lines are the kind that a person reads in a deployment's log.
func migrate() int {
	if os.Getenv("MIGRATE_FAIL") == "1" {
		fmt.Println("applying 002_nope")
		fmt.Println(`migration failed: column "nope" does not exist`)
		return 3
	}
	if err := applyMigrations(); err != nil {
		fmt.Println("migration failed:", err)
		return 1
	}
	fmt.Println("migrations are up to date")
	return 0
}

func applyMigrations() error {
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	url, err := urlFromFile("DATABASE_URL_FILE")
	if err != nil {
		return err
	}
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return errors.New("the file of DATABASE_URL_FILE holds no PostgreSQL URL")
	}
	connection, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return err
	}
	defer connection.Close(ctx)

	schema := envOr("DB_SCHEMA", "app")
	var user string
	var exists bool
	err = connection.QueryRow(ctx,
		"SELECT current_user, EXISTS (SELECT FROM pg_namespace WHERE nspname = $1)", schema).Scan(&user, &exists)
	if err != nil {
		return err
	}
	fmt.Printf("migrating schema %s as %s\n", schema, user)
	// Asked first: CREATE SCHEMA IF NOT EXISTS wants the right to create even where there is nothing to do.
	if !exists {
		fmt.Println("creating schema", schema)
		if _, err := connection.Exec(ctx, "CREATE SCHEMA "+pgx.Identifier{schema}.Sanitize()); err != nil {
			return err
		}
	}
	fmt.Println("applying 001_items")
	_, err = connection.Exec(ctx, "CREATE TABLE IF NOT EXISTS "+pgx.Identifier{schema, "items"}.Sanitize()+
		" (id bigserial primary key, note text not null, created_at timestamptz default now())")
	if statements := os.Getenv("MIGRATION_SQL"); err == nil && statements != "" {
		fmt.Println("applying MIGRATION_SQL")
		// Without parameters: several statements in one, and in one transaction.
		_, err = connection.Exec(ctx, statements)
	}
	return err
}
