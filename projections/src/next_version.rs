//! The next version of a view: new tables in a schema of their own, which replace those that are read.
//!
//! The statements are built from the catalogue, so that none of them can be checked at compile time.

use sqlx::{Executor as _, PgConnection, query_scalar};

use crate::Projector;

/// The tables of a projector's next version while they are filled.
pub struct NextVersion {
    schema: String,
    tables: &'static [&'static str],
}

impl NextVersion {
    /// The next version for this projector; there is at most one.
    pub fn of(projector: &dyn Projector) -> Self {
        Self { schema: format!("next_{}", projector.name()), tables: projector.tables() }
    }

    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The setting `search_path` of connections over which the projector fills it. The tables that are read are not on
    /// it.
    pub fn search_path(&self) -> String {
        format!("{},public", self.schema)
    }

    /// The program that began to fill it; `None` if it was not begun.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn maker(&self, connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
        let maker = query_scalar("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1");
        Ok(maker.bind(&self.schema).fetch_optional(connection).await?.flatten())
    }

    /// Creates the tables empty, dropping those of an earlier attempt. They get the constraints and unique indexes, by
    /// which projectors find rows; the other indexes are created faster when the tables are full.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn make(&self, maker: &str, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.drop(tx).await?;
        let schema = &self.schema;
        run(tx, &format!("CREATE SCHEMA {schema}")).await?;
        let maker: String = query_scalar("SELECT quote_literal($1)").bind(maker).fetch_one(&mut *tx).await?;
        run(tx, &format!("COMMENT ON SCHEMA {schema} IS {maker}")).await?;
        for table in self.tables {
            let like = "INCLUDING ALL EXCLUDING INDEXES";
            run(tx, &format!("CREATE TABLE {schema}.{table} (LIKE views.{table} {like})")).await?;
        }
        self.run_all(CONSTRAINTS, tx).await?;
        self.run_all(UNIQUE_INDEXES, tx).await?;
        self.run_all(GRANTS, tx).await
    }

    /// Drops it, if it was begun.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn drop(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        run(tx, &format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema)).await
    }

    /// Prepares it to be read: creates the other indexes, and collects the planner's statistics.
    ///
    /// # Errors
    /// An error of the database.
    pub async fn make_readable(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.run_all(OTHER_INDEXES, connection).await?;
        for table in self.tables {
            run(connection, &format!("VACUUM (ANALYZE) {}.{table}", self.schema)).await?;
        }
        Ok(())
    }

    /// Replaces the version that is read, which is dropped. Every reader sees either the old or the new one.
    ///
    /// # Errors
    /// An error of the database; also if readers hold the tables for longer than `lock_timeout`: then try again.
    pub async fn take_place(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        let live: Vec<String> = self.tables.iter().map(|table| format!("views.{table}")).collect();
        let live = live.join(", ");
        run(tx, &format!("LOCK TABLE {live} IN ACCESS EXCLUSIVE MODE")).await?;
        run(tx, &format!("DROP TABLE {live}")).await?;
        for table in self.tables {
            run(tx, &format!("ALTER TABLE {}.{table} SET SCHEMA views", self.schema)).await?;
        }
        self.drop(tx).await
    }

    /// Runs the statements that a query of the catalogue returns.
    async fn run_all(&self, statements: &'static str, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        let tables: Vec<&str> = self.tables.to_vec();
        let statements: Vec<String> =
            query_scalar(statements).bind(&self.schema).bind(tables).fetch_all(&mut *connection).await?;
        for statement in statements {
            run(connection, &statement).await?;
        }
        Ok(())
    }
}

/// The constraints, under the same names, because a later migration may refer to them.
const CONSTRAINTS: &str = "
    SELECT format('ALTER TABLE %I.%I ADD CONSTRAINT %I %s', $1, relname, conname, pg_get_constraintdef(pg_constraint.oid))
    FROM pg_constraint JOIN pg_class ON pg_class.oid = conrelid
    WHERE connamespace = 'views'::regnamespace AND relname = ANY ($2) AND contype IN ('p', 'u', 'x')
    ORDER BY contype, conname";

const UNIQUE_INDEXES: &str = "
    SELECT regexp_replace(pg_get_indexdef(indexrelid), ' ON views\\.', format(' ON %I.', $1))
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid
    WHERE relnamespace = 'views'::regnamespace AND relname = ANY ($2) AND indisunique
      AND NOT EXISTS (SELECT 1 FROM pg_constraint WHERE conindid = indexrelid)
    ORDER BY indexrelid";

/// The other indexes, except those that an interrupted rebuild has created.
const OTHER_INDEXES: &str = "
    SELECT regexp_replace(pg_get_indexdef(indexrelid), ' ON views\\.', format(' ON %I.', $1))
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid JOIN pg_class AS named ON named.oid = indexrelid
    WHERE pg_class.relnamespace = 'views'::regnamespace AND pg_class.relname = ANY ($2) AND NOT indisunique
      AND to_regclass(format('%I.%I', $1, named.relname)) IS NULL
    ORDER BY indexrelid";

/// The grants of the tables that are read.
const GRANTS: &str = "
    SELECT format('GRANT %s ON %I.%I TO %s', privilege_type, $1, relname,
                  CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
    FROM pg_class CROSS JOIN LATERAL aclexplode(relacl)
    WHERE relnamespace = 'views'::regnamespace AND relname = ANY ($2)";

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    connection.execute(sql).await?;
    Ok(())
}
