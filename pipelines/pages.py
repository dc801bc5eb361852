"""The pages of docs/ that are made from the SQL and the settings: ``python -m pipelines.pages``.

Here: which these are, and writing them. A test fails while one of them is stale.
Not here: what stands in them (metrics_page.py, data_map.py).
"""

from collections.abc import Mapping
from pathlib import Path

from pipelines import data_map, metrics_page
from pipelines.models import Graph

DOCS = Path(__file__).resolve().parent.parent / "docs"


def pages(graph: Graph) -> Mapping[str, str]:
    """File name in docs/ -> the text that should stand in it."""
    return {"metrics.md": metrics_page.page(graph), "data-map.md": data_map.page(graph)}


def main() -> None:
    """Write every page that is not as it should be."""
    for name, text in pages(Graph.load()).items():
        path = DOCS / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
            print(f"docs/{name}: written")


if __name__ == "__main__":
    main()
