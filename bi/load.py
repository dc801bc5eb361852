"""Fill Superset's own tables: its schema, one administrator, the dashboard of this folder.

Runs inside Superset's environment, which knows nothing of kith. Here: the file of views that
Superset opens, and what Superset must know. Not here: making the environment (Makefile), starting
the server (serve.py). Says the administrator's password where it makes one.
"""

import contextlib
import os
import secrets
import sys
from pathlib import Path

import duckdb
import yaml
from flask_migrate import upgrade
from superset.app import create_app

_HERE = Path(__file__).parent
_USER = "admin"


def write_views(parquet: Path, target: Path) -> None:
    """Make a DuckDB file with a view on each published table, and the people's labels.

    The views of ``views.sql`` hold for whoever works in its folder; Superset works elsewhere.
    """
    unfinished = target.with_name(f".{target.name}.unfinished")
    unfinished.unlink(missing_ok=True)
    literal = str(parquet).replace("'", "''")
    views = (parquet / "views.sql").read_text(encoding="utf-8")
    with duckdb.connect(unfinished) as connection:
        connection.execute(views.replace("read_parquet('", f"read_parquet('{literal}/"))
        connection.execute((_HERE / "person_labels.sql").read_text(encoding="utf-8"))
    os.chmod(unfinished, 0o600)
    os.replace(unfinished, target)


def definitions(database: Path) -> dict[str, str]:
    """The dashboard's files as Superset imports them, the database's with where it lies."""
    folder = _HERE / "dashboard"
    files = {
        str(path.relative_to(folder)): path.read_text(encoding="utf-8")
        for path in sorted(folder.rglob("*.yaml"))
    }
    connection = yaml.safe_load(files["databases/kith.yaml"])
    connection["sqlalchemy_uri"] = f"duckdb:///{database}"
    files["databases/kith.yaml"] = yaml.safe_dump(connection)
    return files


def administrator(new_password: bool) -> None:
    """Make the one account, or give it another password; either is said once and kept nowhere."""
    from superset.extensions import security_manager

    user = security_manager.find_user(_USER)
    if user and not new_password:
        return
    password = secrets.token_urlsafe(12)
    if user:
        security_manager.reset_password(user.id, password)
    else:
        role = security_manager.find_role("Admin")
        address = f"{_USER}@localhost"
        security_manager.add_user(_USER, "kith", "", address, role, password=password)
    print(password, file=sys.__stdout__, flush=True)


def main(folder: Path, parquet: Path, new_password: bool) -> None:
    """Load everything; what was loaded before is replaced, what users made themselves stays."""
    database = folder / "published.duckdb"
    write_views(parquet, database)
    app = create_app()
    with app.app_context():
        upgrade(directory=app.extensions["migrate"].directory)
        # Only now: these look at tables as they are imported.
        from superset.commands.importers.v1.assets import ImportAssetsCommand
        from superset.connectors.sqla.models import SqlaTable
        from superset.extensions import appbuilder, db, security_manager
        from superset.utils.core import override_user

        appbuilder.add_permissions(update_perms=True)
        security_manager.sync_role_definitions()
        administrator(new_password)
        files = definitions(database)
        with override_user(security_manager.find_user(_USER)):
            ImportAssetsCommand(files).run()
            for name in (name for name in files if name.startswith("datasets/")):
                uuid = yaml.safe_load(files[name])["uuid"]
                # Columns and types are read from the tables, so the definitions cannot lag behind.
                db.session.query(SqlaTable).filter_by(uuid=uuid).one().fetch_metadata()
            db.session.commit()


if __name__ == "__main__":
    # Superset prints what it likes; the standard output is for the password alone.
    with contextlib.redirect_stdout(sys.stderr):
        main(
            Path(os.environ["KITH_SUPERSET"]),
            Path(os.environ["KITH_PARQUET"]),
            "--new-password" in sys.argv,
        )
