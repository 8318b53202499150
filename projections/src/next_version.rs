//! The next version of a view: tables like those that are read, in a schema of their own, which take their place.
//!
//! Its statements are made from the catalogue, so none of them can be checked at compile time.

use sqlx::{Executor as _, PgConnection, query_scalar};

use crate::Projector;

/// A version of a projector's tables that is being filled.
pub struct NextVersion {
    schema: String,
    tables: &'static [&'static str],
}

impl NextVersion {
    /// The one there is for each projector.
    pub fn of(projector: &dyn Projector) -> Self {
        Self { schema: format!("next_{}", projector.name()), tables: projector.tables() }
    }

    pub fn schema(&self) -> &str {
        &self.schema
    }

    /// The setting `search_path` of connections over which the projector fills it. It finds no table of the version that is read.
    pub fn search_path(&self) -> String {
        format!("{},public", self.schema)
    }

    /// The program that has begun to fill it, if it was begun.
    ///
    /// # Errors
    /// The database's.
    pub async fn maker(&self, connection: &mut PgConnection) -> Result<Option<String>, sqlx::Error> {
        let maker = query_scalar("SELECT obj_description(oid, 'pg_namespace') FROM pg_namespace WHERE nspname = $1");
        Ok(maker.bind(&self.schema).fetch_optional(connection).await?.flatten())
    }

    /// Makes it empty, whether or not it was begun: with the constraints and unique indexes, by which projectors find rows. The other
    /// indexes are faster made when it is full.
    ///
    /// # Errors
    /// The database's.
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

    /// Removes it, if it was begun.
    ///
    /// # Errors
    /// The database's.
    pub async fn drop(&self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        run(tx, &format!("DROP SCHEMA IF EXISTS {} CASCADE", self.schema)).await
    }

    /// Makes what it needs to be read: the other indexes, and what the planner knows of its rows.
    ///
    /// # Errors
    /// The database's.
    pub async fn make_readable(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        self.run_all(OTHER_INDEXES, connection).await?;
        for table in self.tables {
            run(connection, &format!("VACUUM (ANALYZE) {}.{table}", self.schema)).await?;
        }
        Ok(())
    }

    /// Takes the place of the version that is read, which is gone then. Whoever reads sees the one or the other.
    ///
    /// # Errors
    /// The database's; also if a reader does not let go in time (`lock_timeout`).
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

    /// Runs the statements that a query over the catalogue makes.
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

/// Under the same names: a later migration may use them.
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

/// But for those that an interrupted rebuild has made.
const OTHER_INDEXES: &str = "
    SELECT regexp_replace(pg_get_indexdef(indexrelid), ' ON views\\.', format(' ON %I.', $1))
    FROM pg_index JOIN pg_class ON pg_class.oid = indrelid JOIN pg_class AS named ON named.oid = indexrelid
    WHERE pg_class.relnamespace = 'views'::regnamespace AND pg_class.relname = ANY ($2) AND NOT indisunique
      AND to_regclass(format('%I.%I', $1, named.relname)) IS NULL
    ORDER BY indexrelid";

/// Whoever may read the tables still may.
const GRANTS: &str = "
    SELECT format('GRANT %s ON %I.%I TO %s', privilege_type, $1, relname,
                  CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END)
    FROM pg_class CROSS JOIN LATERAL aclexplode(relacl)
    WHERE relnamespace = 'views'::regnamespace AND relname = ANY ($2)";

async fn run(connection: &mut PgConnection, sql: &str) -> Result<(), sqlx::Error> {
    connection.execute(sql).await?;
    Ok(())
}
