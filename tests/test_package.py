import subprocess
import sys
from pathlib import Path
from zipfile import ZipFile

_ROOT = Path(__file__).parent.parent


def test_the_wheel_carries_every_file_of_both_packages(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", tmp_path], cwd=_ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.iterdir()
    sources = {
        str(file.relative_to(_ROOT))
        for package in ("proxy", "sandbox")
        for file in (_ROOT / package).rglob("*.*")
        if file.suffix != ".pyc" and file.is_file()
    }
    assert sources <= set(ZipFile(wheel).namelist())
