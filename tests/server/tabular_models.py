"""Small table models of scikit-learn, XGBoost and LightGBM, trained and exported when a test asks for one."""

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import onnx
import onnxmltools
import xgboost
from onnxmltools.convert.common.data_types import FloatTensorType as ToolsFloat
from skl2onnx import to_onnx
from skl2onnx.common.data_types import FloatTensorType, Int64TensorType, StringTensorType
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import IsolationForest, RandomForestClassifier, RandomForestRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

FLOWERS, SPECIES = load_iris(return_X_y=True)
FLOWERS = FLOWERS.astype(np.float32)
NAMES = np.array(["setosa", "versicolor", "virginica"])[SPECIES]
PATIENTS, PROGRESSION = load_diabetes(return_X_y=True)
PATIENTS = PATIENTS.astype(np.float32)
HOLED = np.where(np.random.default_rng(5).random(FLOWERS.shape) < 0.2, np.nan, FLOWERS).astype(np.float32)
"""Flowers with a fifth of their values missing."""
_FLOWER_TYPE = [("input", ToolsFloat([None, 4]))]


@dataclass(frozen=True)
class TableModel:
    """A model, and what its library itself answers.

    Attributes:
        model: The export.
        rows: Rows, as arrays of values.
        expected: The library's probabilities or values for them.
        labels: The classes, in the order of the probabilities; empty: a regressor.
    """

    model: onnx.ModelProto
    rows: Any
    expected: np.ndarray
    labels: tuple[str, ...] = ()

    def save(self, directory: Path) -> Path:
        directory.mkdir(parents=True, exist_ok=True)
        onnx.save(self.model, directory / "model.onnx")
        return directory


def _classifier(
    estimator: Any, targets: np.ndarray, rows: np.ndarray, export: Callable[[Any], Any]
) -> TableModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = estimator.fit(rows, targets)
        model = export(fitted)
        expected = fitted.predict_proba(rows)
    return TableModel(model, rows, expected, tuple(str(label) for label in fitted.classes_))


def _regressor(estimator: Any, targets: np.ndarray, export: Callable[[Any], Any]) -> TableModel:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = estimator.fit(PATIENTS, targets)
        model = export(fitted)
    return TableModel(model, PATIENTS, fitted.predict(PATIENTS))


def _sklearn(rows: np.ndarray, **options: Any) -> Callable[[Any], Any]:
    return lambda fitted: to_onnx(fitted, rows[:1], options=options or None)


def logistic_regression(zipmap: bool = False, names: bool = False) -> TableModel:
    targets = NAMES if names else SPECIES
    export = _sklearn(FLOWERS) if zipmap else _sklearn(FLOWERS, zipmap=False)
    return _classifier(LogisticRegression(max_iter=500), targets, FLOWERS, export)


def forest() -> TableModel:
    estimator = RandomForestClassifier(n_estimators=10, max_depth=4, random_state=0)
    return _classifier(estimator, NAMES, FLOWERS, _sklearn(FLOWERS, zipmap=False))


def network() -> TableModel:
    estimator = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=200, random_state=0))
    return _classifier(estimator, NAMES, FLOWERS, _sklearn(FLOWERS, zipmap=False))


def xgboost_classes(binary: bool = False) -> TableModel:
    targets = (SPECIES == 1).astype(int) if binary else SPECIES
    estimator = xgboost.XGBClassifier(n_estimators=8, max_depth=3)
    return _classifier(
        estimator,
        targets,
        HOLED,
        lambda fitted: onnxmltools.convert_xgboost(fitted, initial_types=_FLOWER_TYPE, target_opset=15),
    )


def lightgbm_classes(zipmap: bool = False, binary: bool = False) -> TableModel:
    targets = (SPECIES == 1).astype(int) if binary else SPECIES
    estimator = lightgbm.LGBMClassifier(n_estimators=8, verbose=-1, n_jobs=1)
    return _classifier(
        estimator,
        targets,
        HOLED,
        lambda fitted: onnxmltools.convert_lightgbm(fitted, initial_types=_FLOWER_TYPE, zipmap=zipmap),
    )


def linear(outputs: int = 1) -> TableModel:
    targets = PROGRESSION if outputs == 1 else np.stack([PROGRESSION * k for k in range(1, outputs + 1)], 1)
    return _regressor(LinearRegression(), targets, _sklearn(PATIENTS))


def forest_value() -> TableModel:
    estimator = RandomForestRegressor(n_estimators=5, max_depth=4, random_state=0)
    return _regressor(estimator, PROGRESSION, _sklearn(PATIENTS))


def xgboost_value() -> TableModel:
    types = [("input", ToolsFloat([None, 10]))]
    return _regressor(
        xgboost.XGBRegressor(n_estimators=8, max_depth=3),
        PROGRESSION,
        lambda fitted: onnxmltools.convert_xgboost(fitted, initial_types=types, target_opset=15),
    )


def lightgbm_value() -> TableModel:
    types = [("input", ToolsFloat([None, 10]))]
    return _regressor(
        lightgbm.LGBMRegressor(n_estimators=8, verbose=-1, n_jobs=1),
        PROGRESSION,
        lambda fitted: onnxmltools.convert_lightgbm(fitted, initial_types=types),
    )


def anomalies() -> TableModel:
    """Outputs `label` and `scores`, which are no probabilities."""
    fitted = IsolationForest(n_estimators=5, random_state=0).fit(FLOWERS)
    model = to_onnx(fitted, FLOWERS[:1], target_opset={"": 15, "ai.onnx.ml": 3})
    return TableModel(model, FLOWERS, fitted.predict(FLOWERS))


def mixed_columns() -> TableModel:
    """A pipeline with one input a column: `age` of floats, `visits` of whole numbers, `city` of texts."""
    random = np.random.default_rng(1)
    count = 80
    ages = random.uniform(18, 90, count).astype(np.float32)
    visits = random.integers(0, 9, count)
    cities = np.array(["Bonn", "Oslo", "Rome"])[random.integers(0, 3, count)]
    targets = np.where((ages > 50) ^ (cities == "Oslo"), "no", "yes")
    table = np.empty((count, 3), dtype=object)
    table[:, 0], table[:, 1], table[:, 2] = ages, visits, cities
    steps = ColumnTransformer(
        [("numbers", StandardScaler(), [0, 1]), ("city", OneHotEncoder(handle_unknown="ignore"), [2])]
    )
    fitted = make_pipeline(steps, LogisticRegression(max_iter=500)).fit(table, targets)
    types = [
        ("age", FloatTensorType([None, 1])),
        ("visits", Int64TensorType([None, 1])),
        ("city", StringTensorType([None, 1])),
    ]
    model = to_onnx(fitted, initial_types=types, options={"zipmap": False})
    return TableModel(model, table, fitted.predict_proba(table), ("no", "yes"))
